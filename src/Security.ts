/**
 * Security expressions: Effects that succeed with who is asking, and whose types spell the OpenAPI security requirement
 * they enforce.
 *
 * A scheme (`ApiKey.header`, `OAuth2.authorizationCode`, …) is an expression; the combinators of this module make larger
 * ones. Every combinator keeps the requirement, and none can let in what an expression refused.
 *
 * @since 0.1.0
 */
export { granted, type Granted } from "./Granted.ts"
export * from "./internal/security/Algebra.ts"
export * from "./internal/security/Guard.ts"
export * from "./internal/security/Model.ts"
export * from "./internal/security/Policy.ts"
export { definitions, deny, public, statuses } from "./internal/security/Expression.ts"
