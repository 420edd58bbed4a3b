// @ts-nocheck -- words of the other line, for tests alone: what they say is checked on their own line
// a handler of its own scope
export * from "@effect/platform-node/NodeHttpServer"
import * as N from "@effect/platform-node/NodeHttpServer"
import * as Scope from "effect/Scope"
export const layerContext = N.layerHttpServices
export const makeHandler = (app) => N.makeHandler(app, { scope: Scope.makeUnsafe() })
