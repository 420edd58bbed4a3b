/**
 * The address a request comes from, as far as it can be known.
 *
 * What a header says of it was written by whoever sent the header: it counts only where a proxy of one's own has added it.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { hasProperty } from "effect/Predicate"
import { BlockList, isIP } from "node:net"

// ----------------------------------------------------------------------------
// readers
// ----------------------------------------------------------------------------

/**
 * The address at the other end of the request's connection: a client, or the last proxy.
 *
 * It is the socket's, so it is known where the server shows one (`node:http`), and `undefined` elsewhere: in a Fetch handler, on Bun, of a
 * socket that is closed or has no address. `request.remoteAddress` is never asked, since the platform's
 * `HttpMiddleware.xForwardedHeaders` sets it to what the client wrote. Where it is `undefined` the server's own way to tell
 * the address is to be given: as `addressOf` to a throttle, as `isTrusted` to `MutualTls`.
 *
 * @category readers
 * @since 0.1.0
 */
export const peer = ({ source }: HttpServerRequest.HttpServerRequest): string | undefined =>
  hasProperty(source, "socket") ? addressOf(source.socket) : undefined

/**
 * The address of the client behind `proxies` proxies of one's own, each of which adds the address it sees to `X-Forwarded-For`.
 *
 * It is the entry that the outermost of them added: that many from the end. What stands before it was sent by the client, and is
 * not read. Where there is no such entry, or it is no address, it is the {@link peer}, which may be unknown.
 *
 * @category readers
 * @since 0.1.0
 */
export const forwarded = (
  request: HttpServerRequest.HttpServerRequest,
  proxies: number
): string | undefined => {
  const name = "x-forwarded-for"
  const field = Object.hasOwn(request.headers, name) ? request.headers[name] : undefined
  if (proxies === 0 || field === undefined) return peer(request)
  const entry = field.split(",").at(-proxies)?.trim() ?? ""
  // some add the port
  const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(entry) ?? []
  const [, plain] = /^([\d.]+):\d+$/.exec(entry) ?? []
  const address = bracketed ?? plain ?? entry
  return isIP(address) === 0 ? peer(request) : address
}

// ----------------------------------------------------------------------------
// folds
// ----------------------------------------------------------------------------

/**
 * What one client has: an IPv4 address, also where it is written as IPv6, or the first 64 bits of an IPv6 address.
 *
 * What is no address stays what it is.
 *
 * @example
 * ```ts
 * import { ClientAddress } from "effect-security"
 *
 * ClientAddress.network("192.0.2.1") // => "192.0.2.1"
 * ClientAddress.network("::ffff:192.0.2.1") // => "192.0.2.1"
 * ClientAddress.network("2001:db8:0:1::2") // => "2001:db8:0:1::/64"
 * ```
 * @category folds
 * @since 0.1.0
 */
export const network = (address: string): string => {
  const [unzoned = ""] = address.split("%", 1)
  if (isIP(unzoned) !== 6) return address
  const [head = "", tail] = new URL(`http://[${unzoned}]/`).hostname.slice(1, -1).split("::")
  const left = head.split(":").filter((group) => group !== "")
  const right = (tail ?? "").split(":").filter((group) => group !== "")
  const between = Array.from({ length: 8 - left.length - right.length }, () => "0")
  const groups = [...left, ...between, ...right]
  if (groups.slice(0, 6).join(":") !== "0:0:0:0:0:ffff")
    return `${groups.slice(0, 4).join(":")}::/64`
  return groups
    .slice(6)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 255])
    .join(".")
}

/**
 * Whether an address is one of some, which are addresses and networks (`"10.0.0.0/8"`).
 *
 * Throws for a text that is neither. An IPv4 address that is written as IPv6 (`::ffff:10.0.0.1`) is that IPv4 address.
 *
 * @example
 * ```ts
 * import { ClientAddress } from "effect-security"
 *
 * const isProxy = ClientAddress.among(["10.0.0.0/8", "::1"])
 * isProxy("10.1.2.3") // => true
 * ```
 * @category folds
 * @since 0.1.0
 */
export const among = (
  addresses: ReadonlyArray<string>
): ((address: string | undefined) => boolean) => {
  const known = new BlockList()
  for (const each of addresses) {
    const [, address = "", bits] = /^([^/]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(each) ?? []
    const family = familyOf(address)
    const most = family === "ipv4" ? 32 : 128
    if (family === undefined || Number(bits ?? 0) > most) {
      throw new Error(
        `${JSON.stringify(each)} is no address: use one such as "10.0.0.1" or "::1", or a network such as "10.0.0.0/8"`
      )
    }
    known.addSubnet(address, bits === undefined ? most : Number(bits), family)
  }
  return (address) => {
    const [unzoned = ""] = (address ?? "").split("%", 1)
    const family = familyOf(unzoned)
    return family !== undefined && known.check(unzoned, family)
  }
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const addressOf = (socket: unknown): string | undefined =>
  hasProperty(socket, "remoteAddress") && typeof socket.remoteAddress === "string" ?
    socket.remoteAddress
  : undefined

const familyOf = (address: string): "ipv4" | "ipv6" | undefined => {
  const version = isIP(address)
  return (
    version === 4 ? "ipv4"
    : version === 6 ? "ipv6"
    : undefined
  )
}
