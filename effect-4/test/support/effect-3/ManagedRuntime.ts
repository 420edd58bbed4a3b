// @ts-nocheck -- words of the other line, for tests alone: what they say is checked on their own line
import * as M from "effect/ManagedRuntime"
export * from "effect/ManagedRuntime"
export const make = (layer, options) => {
  const made = M.make(layer, options)
  return Object.assign(made, { runtime: () => made.context() })
}
