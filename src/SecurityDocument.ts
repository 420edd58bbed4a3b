/**
 * The OpenAPI document of what is enforced: `securitySchemes`, `security`, and the refusals with their headers.
 *
 * `annotate` makes the platform's own `OpenApi.fromApi`, Swagger and Scalar tell it of an HttpApi; `fromRoutes` tells it of
 * plain routes.
 *
 * @since 0.1.0
 */
export type { Documented, Omission, Operation, Options } from "./internal/document/Operation.ts"
export * from "./internal/document/ApiDocument.ts"
export * from "./internal/document/RoutesDocument.ts"
