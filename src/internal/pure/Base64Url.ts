/**
 * base64url without padding, as JOSE writes it: each text has one value, and each value one text.
 *
 * Decoders of the platform skip what they do not know and ignore bits that are left over, so that one value has many texts.
 *
 * @see [RFC 4648, section 5](https://www.rfc-editor.org/rfc/rfc4648.html#section-5)
 * @since 0.1.0
 */

/**
 * Whether a text is what {@link encode} makes: no padding, no other characters, no bits left over (RFC 4648, section 3.5).
 *
 * @category guards
 * @since 0.1.0
 */
export const isCanonical = (text: string): boolean =>
  /^[A-Za-z0-9_-]*$/.test(text) && endsCanonically(text, text.length)

/**
 * The same of the part of a text that ends before `end` and is `length` characters long, if its characters are known to be right.
 *
 * @category guards
 * @since 0.1.0
 */
export const endsCanonically = (text: string, length: number, end = text.length): boolean => {
  const rest = length % 4
  if (rest === 0) return true
  if (rest === 1) return false
  const bits = valueOf(text.charCodeAt(end - 1))
  return (bits & (rest === 2 ? 0b1111 : 0b11)) === 0
}

/**
 * The bytes of a text, unless it is not canonical.
 *
 * @category folds
 * @since 0.1.0
 */
export const decode = (text: string): Uint8Array | undefined =>
  isCanonical(text) ? decodeCanonical(text) : undefined

/**
 * The bytes of a text that is known to be canonical.
 *
 * @category folds
 * @since 0.1.0
 */
export const decodeCanonical = (text: string): Uint8Array => Buffer.from(text, "base64url")

/**
 * The text of bytes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const encode = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url")

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const valueOf = (code: number): number =>
  code >= 0x61 ? code - 71
  : code === 0x5f ? 63
  : code >= 0x41 ? code - 65
  : code === 0x2d ? 62
  : code + 4
