// @ts-nocheck -- words of the other line, for tests alone: what they say is checked on their own line
import * as M from "effect/http/HttpMiddleware"
export * from "effect/http/HttpMiddleware"
/** Believes every header, as that of the other line does. */
export const xForwardedHeaders = (app) => M.xForwardedHeaders({ trustedProxies: () => true })(app)
