/** An endpoint's security by the platform's HttpApiSecurity. */
import { Context, Effect, Layer, Schema } from "effect"
import { HttpApiMiddleware, HttpApiSecurity } from "effect/http-api"
import { verifyToken } from "../../verifiers.ts"

export class CurrentUser extends Context.Service<CurrentUser, { readonly name: string }>()(
  "guide/CurrentUser"
) {}

export class LegacyUnauthorized extends Schema.TaggedError<LegacyUnauthorized>()(
  "LegacyUnauthorized",
  {},
  { httpApiStatus: 401 }
) {}

export class Legacy extends HttpApiMiddleware.Service<Legacy, { provides: CurrentUser }>()(
  "guide/Legacy",
  { error: LegacyUnauthorized, security: { bearer: HttpApiSecurity.bearer } }
) {}

export const LegacyLive = Layer.succeed(Legacy, {
  bearer: (handler, { credential }) =>
    verifyToken(credential).pipe(
      Effect.mapError(() => new LegacyUnauthorized()),
      Effect.flatMap(({ principal }) => Effect.provideService(handler, CurrentUser, principal))
    )
})
