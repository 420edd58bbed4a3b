/**
 * Security expressions as middlewares of an HttpApi.
 *
 * A tag carries the expression and the principal's tag; one Layer, made of the expression, implements the tag and everything
 * derived from it. An endpoint's own tag replaces the default of its group, a group's that of the API, as in OpenAPI; tags
 * that are set with the platform's `.middleware` on a group or an API add up.
 *
 * @since 0.1.0
 */
export * from "./internal/http-api/Defaults.ts"
export * from "./internal/http-api/Tag.ts"
export type {
  AnyMiddleware,
  Members,
  Middleware,
  NeedsNoLayer,
  PrincipalTag,
  Providing,
  Service
} from "./internal/http-api/Platform.ts"
