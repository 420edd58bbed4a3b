/**
 * Why a request is not let in: 401, 403, 429 or 503.
 *
 * Each error answers by itself in a plain router (`HttpServerRespondable`) and is part of the contract of an
 * HttpApi (a schema with its status). Its challenges travel beside it, never in its body.
 *
 * @since 0.1.0
 */
export { contract } from "./internal/http-api/RefusalContract.ts"
export * from "./internal/refusal/Refusal.ts"
export {
  appendHeaders,
  headers,
  prepared,
  type Refused,
  type ResponseChange,
  type Status,
  statuses
} from "./internal/refusal/RefusalAnswer.ts"
