/** An endpoint's security by the platform's HttpApiSecurity. */
import { HttpApiMiddleware, HttpApiSchema, HttpApiSecurity } from "@effect/platform"
import { Context, Effect, Layer, Schema } from "effect"
import { verifyToken } from "../../verifiers.ts"

export class CurrentUser extends Context.Tag("guide/CurrentUser")<
  CurrentUser,
  { readonly name: string }
>() {}

export class LegacyUnauthorized extends Schema.TaggedError<LegacyUnauthorized>()(
  "LegacyUnauthorized",
  {},
  HttpApiSchema.annotations({ status: 401 })
) {}

export class Legacy extends HttpApiMiddleware.Tag<Legacy>()("guide/Legacy", {
  failure: LegacyUnauthorized,
  provides: CurrentUser,
  security: { bearer: HttpApiSecurity.bearer }
}) {}

export const LegacyLive = Layer.succeed(Legacy, {
  bearer: (token) =>
    verifyToken(token).pipe(
      Effect.map(({ principal }) => principal),
      Effect.mapError(() => new LegacyUnauthorized())
    )
})
