/**
 * HTTP Digest (RFC 7616): the scheme, what is stored of a user, and the verification.
 *
 * @since 0.1.0
 */
export { type DigestCredentials, parse } from "./internal/digest/DigestCredentials.ts"
export {
  type Algorithm,
  ha1,
  type HashedA1,
  type HashName,
  type Qop,
  response,
  type Sum,
  userhash
} from "./internal/digest/DigestHash.ts"
export { make, type Options } from "./internal/digest/DigestScheme.ts"
export {
  authenticate,
  hashUser,
  type Lookup,
  type User,
  type VerifierOptions
} from "./internal/digest/DigestVerifier.ts"
