/** The issuer of all tests in one process: an expression of a module keeps the keys that it has fetched. */
import { SecurityTest } from "effect-security"
import { Effect } from "effect"

export const issuer = await Effect.runPromise(SecurityTest.issuer())
