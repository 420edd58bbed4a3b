/** The provider as a process of its own, which a test may kill: `PORT` (0: any), `KEYS` (private JWKs in JSON); prints its issuer. */
import type { JWK } from "jose"
import * as Http from "node:http"
import OidcProvider from "oidc-provider"
import { configuration } from "./configuration.ts"

const keys: ReadonlyArray<JWK> = JSON.parse(process.env["KEYS"] ?? "[]")

const server = Http.createServer().listen(Number(process.env["PORT"]), "127.0.0.1", () => {
  const address = server.address()
  const issuer = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`
  server.on("request", new OidcProvider(issuer, configuration(keys)).callback())
  console.log(`issuer ${issuer}`)
})

// whoever started it has gone
process.stdin.resume().on("end", () => process.exit())
