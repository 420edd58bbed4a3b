/**
 * What a test may show of an answer: its beginning, without the credentials that were sent.
 *
 * @since 0.1.0
 */
import type { Credential } from "./TestRequest.ts"

const maxShown = 500

/**
 * The first 500 characters of what a refusal or an error says: `<redacted>` where it repeats what was sent to be let in.
 *
 * Empty where it says nothing, or no text, and where the request was let in: that may be without end.
 *
 * @category folds
 * @since 0.1.0
 */
export const of = async (
  response: Response,
  credentials: ReadonlyArray<Credential>
): Promise<string> => {
  const isText = /^text\/|json|xml/.test(response.headers.get("content-type") ?? "")
  if (response.status < 400 || !isText) {
    await response.body?.cancel()
    return ""
  }
  const secrets = secretsOf(credentials)
  const longest = secrets[0]?.length ?? 0
  const { isWhole, text } = await readUpTo(response, 8 * maxShown + longest)
  const redacted = redact(text, secrets)
  // where it is cut off a secret may be cut off, too, and is not found
  const shown = isWhole ? redacted : redacted.slice(0, Math.max(0, redacted.length - longest))
  return shown.length > maxShown || !isWhole ? `${shown.slice(0, maxShown)}…` : shown
}

/** In one go: what stands for a secret is not searched for another. */
const redact = (text: string, secrets: ReadonlyArray<string>): string =>
  secrets.length === 0 ?
    text
  : text.replace(
      new RegExp(
        secrets.map((secret) => secret.replace(/[^A-Za-z0-9_]/g, toEscape)).join("|"),
        "g"
      ),
      "<redacted>"
    )

const toEscape = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

const readUpTo = async (
  response: Response,
  bytes: number
): Promise<{ readonly text: string; readonly isWhole: boolean }> => {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ""
  let left = bytes
  try {
    while (left > 0) {
      // oxlint-disable-next-line no-await-in-loop -- one chunk comes after the other
      const chunk = await reader?.read()
      if (chunk?.value === undefined) return { text: text + decoder.decode(), isWhole: true }
      text += decoder.decode(chunk.value.subarray(0, left), { stream: true })
      left -= chunk.value.length
    }
    await reader?.cancel()
  } catch {
    // it broke off: what there is of it is shown
  }
  return { text, isWhole: false }
}

/** What was sent to be let in, as a body may repeat it; the longest first. */
const secretsOf = (credentials: ReadonlyArray<Credential>): ReadonlyArray<string> => {
  const sent = credentials.flatMap(({ cookies = {}, headers = {}, query = {} }) => [
    ...Object.values(headers).flatMap(partsOf),
    ...Object.values(query),
    ...Object.values(cookies)
  ])
  const written = sent.flatMap((secret) => {
    const whole = withoutLoneHalves(secret)
    return [
      secret,
      whole,
      encodeURIComponent(whole),
      // as a query is written: `+` for a space
      new URLSearchParams({ "": whole }).toString().slice(1),
      JSON.stringify(secret).slice(1, -1)
    ]
  })
  return [...new Set(written)].filter((secret) => secret !== "").sort((a, b) => b.length - a.length)
}

/** What a URL makes of half a surrogate pair. */
const withoutLoneHalves = (text: string): string => text.replace(/[\uD800-\uDFFF]/gu, "\uFFFD")

/** A header's value, the token after its auth-scheme, and what `Basic` is made of. */
const partsOf = (value: string): ReadonlyArray<string> => {
  const [, token = ""] = /^\S+ +(.+)$/.exec(value) ?? []
  const isBasic = /^basic /i.test(value) && /^[A-Za-z0-9+/]*={0,2}$/.test(token)
  const pair = isBasic ? new TextDecoder().decode(Buffer.from(token, "base64")) : ""
  return [value, token, pair, pair.slice(pair.indexOf(":") + 1)]
}
