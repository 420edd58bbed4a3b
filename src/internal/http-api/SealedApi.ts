/**
 * Groups and APIs of which something has been said that no longer holds once they grow.
 *
 * @since 0.1.0
 */

import * as OpenApi from "@effect/platform/OpenApi"
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"

/** The methods that copy, whichever of them there are. */
const copying = [
  "add",
  "addError",
  "addHttpApi",
  "prefix",
  "middleware",
  "middlewareEndpoints",
  "annotate",
  "annotateContext",
  "annotateMerge",
  "annotateEndpoints",
  "annotateEndpointsContext",
  "annotateEndpointsMerge"
]

const SealedId: unique symbol = Symbol.for("effect-security/SealedApi")

/**
 * Stands for what `SecurityMiddleware.secureApi` does to an API.
 *
 * @category constants
 * @since 0.1.0
 */
export const securing = "secureApi"

/**
 * Stands for setting another `OpenApi.Transform`, which would take the place of the one that is there.
 *
 * @category constants
 * @since 0.1.0
 */
export const transforming = "annotate(OpenApi.Transform)"

/**
 * Makes some methods of a group or an API throw, also on the copies that its other methods make.
 *
 * The platform's methods copy: `self` has to be a copy already.
 *
 * @category combinators
 * @since 0.1.0
 */
export const seal = <Self extends { readonly annotations: Context.Context<never> }>(
  self: Self,
  methods: ReadonlyArray<string>,
  message: string
): Self => {
  Object.defineProperty(self, SealedId, { value: { methods, message }, configurable: true })
  const override = (method: string, value: (...args: ReadonlyArray<unknown>) => unknown): void => {
    Object.defineProperty(self, method, { value, configurable: true })
  }
  for (const method of copying) {
    const original: unknown = Reflect.get(self, method)
    if (typeof original !== "function") continue
    override(
      method,
      methods.includes(method) ?
        () => {
          throw new Error(message)
        }
      : (...args) => {
          const copy = Reflect.apply(original, self, args)
          if (methods.includes(transforming) && transformOf(copy) !== transformOf(self)) {
            throw new Error(message)
          }
          return seal(copy, methods, message)
        }
    )
  }
  return self
}

/**
 * Throws where a seal forbids what one of this library's functions is about to do.
 *
 * @category guards
 * @since 0.1.0
 */
export const check = (self: unknown, method: string): void => {
  if (!hasProperty(self, SealedId)) return
  // only `seal` sets the property
  const { message, methods } = self[SealedId] as Seal
  if (methods.includes(method)) throw new Error(message)
}

interface Seal {
  readonly methods: ReadonlyArray<string>
  readonly message: string
}

const transformOf = (self: { readonly annotations: Context.Context<never> }): unknown =>
  Option.getOrUndefined(Context.getOption(self.annotations, OpenApi.Transform))
