// @ts-nocheck -- words of the other line, for tests alone: what they say is checked on their own line
import * as Context from "effect/Context"
export * from "effect/http-api/HttpApi"
/** The API that is served, as a service. */
export const Api = Context.Service("effect-security/test/HttpApi/Api")
