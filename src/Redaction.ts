/**
 * Keeps credentials out of what the server's edge writes: the platform's tracer and logger record URLs with their query, and
 * every header but four.
 *
 * @since 0.1.0
 */
export * from "./internal/redaction/Edge.ts"
export * from "./internal/redaction/Names.ts"
export { redactQuery } from "./internal/redaction/Query.ts"
