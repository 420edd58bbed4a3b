/**
 * Values as they may be written: what holds a credential is copied without it.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import { hasProperty } from "effect/Predicate"
import * as Line from "../line/Line.ts"
import { type Pairs, redactQuery, redactText, type Secret } from "./Query.ts"

/**
 * The request, printing no secrets: the platform's own requests print `originalUrl`, the headers and a body that has been
 * read. What the server remembers of a request is kept in the one it was given.
 *
 * @category combinators
 * @since 0.1.0
 */
export const unprinted = (
  original: HttpServerRequest.HttpServerRequest,
  secret: Secret,
  modified = original.modify({})
): HttpServerRequest.HttpServerRequest => {
  const print = (): unknown => ({
    _id: Line.requestId,
    method: modified.method,
    url: redactQuery(modified.url, secret.query),
    headers: Headers.redact(withoutQueries(modified.headers, secret.query), secret.headers)
  })
  const modify = modified.modify.bind(modified)
  Object.assign(modified, {
    toJSON: print,
    toString: () => `ServerRequest(${modified.method} ${redactQuery(modified.url, secret.query)})`,
    [Inspectable.NodeInspectSymbol]: print,
    modify: (options: Parameters<typeof modify>[0]) => unprinted(original, secret, modify(options))
  })
  return new Proxy(modified, {
    get: (target, key) =>
      key in target ? Reflect.get(target, key, target) : Reflect.get(original, key, original),
    has: (target, key) => key in target || key in original,
    set: (target, key, value) =>
      key in target ?
        Reflect.set(target, key, value, target)
      : Reflect.set(original, key, value, original)
  })
}

/** Addresses with a key in their query: of the page that was left, or of the request itself, as proxies tell it. */
const withoutQueries = (
  headers: Readonly<Record<string, string>>,
  query: ReadonlySet<string>
): Headers.Headers =>
  Headers.fromInput(
    Object.entries(headers).map(([name, value]) => [name, redactQuery(value, query)] as const)
  )

/**
 * Redacts values that are about to be written: what holds nothing of a pair, nor a request, stays the very same.
 *
 * @category models
 * @since 0.1.0
 */
export type Redact = <A>(value: A) => A

/**
 * What redacts the pairs, and requests.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeRedact = (pairs: Pairs, secret: Secret): Redact => {
  const silent = new WeakSet<object>()
  const leaking = makeLeaking(pairs, silent)
  const silenced = (
    request: HttpServerRequest.HttpServerRequest,
    modified?: HttpServerRequest.HttpServerRequest
  ): HttpServerRequest.HttpServerRequest => {
    const copy = unprinted(request, secret, modified)
    silent.add(copy)
    return copy
  }
  const copies = new Map<object, unknown>()
  const redact = (value: unknown): unknown => {
    if (typeof value === "string") return redactText(value, pairs)
    if (typeof value !== "object" || value === null) return value
    if (copies.has(value)) return copies.get(value)
    return leaking(value) ? copyOf(value) : value
  }
  const copyOf = (value: object): unknown => {
    const keep = <A>(copy: A): A => {
      copies.set(value, copy)
      return copy
    }
    if (isRequest(value)) return keep(silenced(value))
    if (value instanceof URL) return keep(new URL(redactText(value.href, pairs)))
    if (value instanceof URLSearchParams) {
      return keep(new URLSearchParams(redactText(value.toString(), pairs)))
    }
    if (Array.isArray(value)) {
      const copy: Array<unknown> = keep([])
      for (const member of value) copy.push(redact(member))
      return copy
    }
    if (value instanceof Map) {
      const copy = keep(new Map<unknown, unknown>())
      for (const [key, member] of value) copy.set(redact(key), redact(member))
      return copy
    }
    if (value instanceof Set) {
      const copy = keep(new Set<unknown>())
      for (const member of value) copy.add(redact(member))
      return copy
    }
    const copy: object = keep(
      // its class, and so the status of an error, stays what it is
      Object.create(Object.getPrototypeOf(value), Object.getOwnPropertyDescriptors(value))
    )
    for (const [name, member] of membersOf(value)) {
      const redacted =
        // an error of the platform makes its message of its request's `url`
        isRequest(member) && value instanceof Error ?
          silenced(member, member.modify({ url: redactQuery(member.url, secret.query) }))
        : redact(member)
      // where the stack of an error is an accessor it knows its own error alone
      if (redacted === member && name !== "stack") continue
      const enumerable = Object.prototype.propertyIsEnumerable.call(value, name)
      Object.defineProperty(copy, name, {
        value: redacted,
        enumerable,
        configurable: true,
        writable: true
      })
    }
    const printed = printedOf(value)
    // what it prints may be made of what no copy has
    return printed === undefined || !leaking(printedOf(copy) ?? printed) ?
        copy
      : keep(redact(printed))
  }
  return <A>(value: A): A => {
    try {
      // a copy is what the value is, to whoever prints it
      return redact(value) as A
    } catch {
      return "REDACTED" as A
    }
  }
}

/** Whether something of a value holds a pair, or is a request that is not known to be silent. */
const makeLeaking = (pairs: Pairs, silent: WeakSet<object>): ((value: unknown) => boolean) => {
  const dirty = new WeakSet<object>()
  const clean = new WeakSet<object>()
  const search = (value: unknown, seen: Set<object>): boolean => {
    if (typeof value === "string") return pairs.some(([pair]) => value.includes(pair))
    if (typeof value !== "object" || value === null) return false
    if (silent.has(value) || clean.has(value) || seen.has(value)) return false
    if (dirty.has(value) || isRequest(value)) return true
    seen.add(value)
    const isLeaking = partsOf(value).some((part) => search(part, seen))
    if (isLeaking) dirty.add(value)
    return isLeaking
  }
  return (value) => {
    const seen = new Set<object>()
    const isLeaking = search(value, seen)
    if (!isLeaking) seen.forEach((each) => clean.add(each))
    return isLeaking
  }
}

/** What is printed of an object. */
const partsOf = (value: object): ReadonlyArray<unknown> => {
  if (value instanceof URL) return [value.href]
  if (value instanceof URLSearchParams) return [value.toString()]
  if (ArrayBuffer.isView(value)) return []
  if (value instanceof Map) return [...value].flat()
  if (Array.isArray(value) || value instanceof Set) return [...value]
  const printed = printedOf(value)
  // those print nothing else
  if (printed !== undefined && Inspectable.NodeInspectSymbol in value) return [printed]
  return [printed, ...membersOf(value).map(([, member]) => member)]
}

const printedOf = (value: object): unknown => {
  if (!hasProperty(value, "toJSON") || typeof value.toJSON !== "function") return undefined
  try {
    return value.toJSON()
  } catch {
    return undefined
  }
}

const membersOf = (value: object): ReadonlyArray<readonly [name: string, member: unknown]> =>
  value instanceof Error ?
    Object.entries({
      ...value,
      ...(value instanceof AggregateError && { errors: value.errors }),
      cause: value.cause,
      message: value.message,
      stack: value.stack
    })
  : Object.entries(value)

/**
 * Whether it is a request.
 *
 * @category guards
 * @since 0.1.0
 */
export const isRequest = (value: unknown): value is HttpServerRequest.HttpServerRequest =>
  hasProperty(value, HttpServerRequest.TypeId)

/**
 * A cause whose errors and defects are redacted.
 *
 * @category combinators
 * @since 0.1.0
 */
export const redactCause = <E>(cause: Cause.Cause<E>, redact: Redact): Cause.Cause<E> =>
  Line.mapCause(cause, redact)

/**
 * An app whose errors are redacted.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withRedactedErrors = <A, E, R>(
  app: Effect.Effect<A, E, R>,
  pairs: Pairs,
  secret: Secret
): Effect.Effect<A, E, R> =>
  pairs.length === 0 ?
    app
  : Effect.catchAllCause(app, (cause) =>
      Effect.failCause(redactCause(cause, makeRedact(pairs, secret)))
    )
