/**
 * Groups and APIs of which something has been said that no longer holds once they grow.
 *
 * @since 0.1.0
 */

const copying = [
  "add",
  "addError",
  "addHttpApi",
  "prefix",
  "middleware",
  "middlewareEndpoints",
  "annotate",
  "annotateContext",
  "annotateEndpoints",
  "annotateEndpointsContext"
]

/**
 * Makes some methods of a group or an API throw, also on the copies that its other methods make.
 *
 * The platform's methods copy: `self` has to be a copy already.
 *
 * @category combinators
 * @since 0.1.0
 */
export const seal = <Self extends object>(
  self: Self,
  methods: ReadonlyArray<string>,
  message: string
): Self => {
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
      : (...args) => seal(Reflect.apply(original, self, args), methods, message)
    )
  }
  return self
}
