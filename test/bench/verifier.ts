/** What it takes to verify a token, without a server: first time and seen before, one and sixteen at a time. */
import { Effect, Redacted } from "effect"
import { Jwt } from "effect-security"
import { createVerifier } from "fast-jwt"
import * as Jose from "jose"
import Jsonwebtoken from "jsonwebtoken"
import { algorithms, audience, issuer, type Keys, makeKeys, tokens } from "./credentials.ts"
import {
  clock,
  type Contender,
  difference,
  estimate,
  measure,
  noise,
  type Options,
  ratio,
  relativeResolution,
  resolution,
  type Samples,
  valuesOf
} from "./harness.ts"
import { atMost, type Mark, number, type Report, type Table } from "./report.ts"
import { cryptoVerifier, forgetting, inLoops, inTurn, joseOptions, jwtOptions } from "./servers.ts"

interface Verifier {
  readonly name: string
  readonly verify: (token: string) => Promise<boolean>
  readonly run: (pool: ReadonlyArray<string>, inFlight: number) => (count: number) => Promise<void>
  /** Whether it is measured with one token that comes again and again. */
  readonly isCached?: boolean
}

const distinct = 256

export const run = async (options: Options): Promise<Report> => {
  const rows = new Array<ReadonlyArray<string>>()
  const notes = new Array<string>()
  const noisy = new Array<string | undefined>()
  const marks = new Array<Mark>()
  for (const alg of algorithms) {
    const keys = await makeKeys(alg)
    const verifiers = contenders(keys)
    const { right, wrong } = tokens(keys, distinct)
    for (const verifier of verifiers) await check(verifier, right, Object.entries(wrong))
    for (const inFlight of [1, 16]) {
      const samples = await measure(
        { of: `verifier, ${alg}, ${inFlight} in flight`, alike: false, inFlight },
        verifiers.map(({ isCached, name, run }): Contender => ({
          name,
          run: run(isCached ? right.slice(0, 1) : right, inFlight)
        })),
        longer(options)
      )
      for (const { name } of verifiers) {
        if (name.endsWith("again")) continue
        const { median, p25, p75 } = estimate(valuesOf(samples, name))
        rows.push([
          `${alg}, ${inFlight} in flight: ${name}`,
          number(median),
          `${number(p25)} – ${number(p75)}`,
          number(estimate(valuesOf(samples, name, "wall")).median),
          number(ratio(samples, name, jose).median)
        ])
      }
      noisy.push(noise(`${alg}, ${inFlight} in flight`, samples, jose, joseAgain))
      notes.push(`${alg}, ${inFlight}: ± ${number(resolution(samples, jose, joseAgain))} µs`)
      marks.push(...marksOf(alg, inFlight, samples))
    }
  }
  const table: Table = {
    title: `verifying a JWT (µs of ${clock})`,
    columns: ["verifier", "µs", "p25 – p75", "wall", "to jose"],
    rows,
    notes: [`Resolution: ${notes.join("; ")}.`, ...noisy.filter((note) => note !== undefined)]
  }
  return { section: "verifier", tables: [table], marks }
}

/** Fewer batches, each of which is as much longer: to get many in flight and to wait for the last ones is a part of each. */
const longer = ({ batch, rounds }: Options): Options => ({
  rounds: Math.max(3, Math.ceil(rounds / 5)),
  batch: batch * 5
})

const check = async (
  { name, verify }: Verifier,
  right: ReadonlyArray<string>,
  wrong: ReadonlyArray<readonly [string, string]>
): Promise<void> => {
  // twice: the second time some have seen it
  for (const token of [...right.slice(0, 3), ...right.slice(0, 3)]) {
    if (!(await verify(token))) throw new Error(`${name} refuses a right token`)
  }
  for (const [kind, token] of [...wrong, ...wrong]) {
    if (await verify(token)) throw new Error(`${name} accepts a token: ${kind}`)
  }
}

// ----------------------------------------------------------------------------
// contenders
// ----------------------------------------------------------------------------

const ours = "effect-security"
const oursCached = "effect-security, seen before"
const jose = "jose, CryptoKey"
const joseAgain = "jose, CryptoKey again"
const fastCached = "fast-jwt, seen before"

const contenders = (keys: Keys): ReadonlyArray<Verifier> => {
  const options = joseOptions(keys.alg)
  const key = keys.alg === "HS256" ? keys.secret : keys.keyObject
  const verifyFast = createVerifier({
    key: keys.pem,
    algorithms: [keys.alg],
    allowedIss: issuer,
    allowedAud: audience,
    cache: false
  })
  const verifyFastCached = createVerifier({
    key: keys.pem,
    algorithms: [keys.alg],
    allowedIss: issuer,
    allowedAud: audience,
    cache: true
  })
  const verifyCrypto = cryptoVerifier(keys)
  const withJose = (token: string) => Jose.jwtVerify(token, keys.cryptoKey, options)
  return [
    inFiber(ours, Jwt.make(jwtOptions(keys, forgetting))),
    inFiber("effect-security, cache: false", Jwt.make(jwtOptions(keys, false))),
    { ...inFiber(oursCached, Jwt.make(jwtOptions(keys))), isCached: true },
    byPromise(jose, withJose),
    byPromise(joseAgain, withJose),
    byPromise("jose, KeyObject", (token) => Jose.jwtVerify(token, key, options)),
    inTick("fast-jwt", (token) => verifyFast(token) as object),
    { ...inTick(fastCached, (token) => verifyFastCached(token) as object), isCached: true },
    inTick("node:crypto", verifyCrypto),
    ...(keys.alg === "EdDSA" ?
      []
    : [
        inTick("jsonwebtoken", (token) => {
          const claims = Jsonwebtoken.verify(token, keys.pem, {
            algorithms: [keys.alg as "RS256"],
            issuer,
            audience
          })
          return typeof claims === "string" ? undefined : claims
        })
      ])
  ]
}

const inFiber = (name: string, { verify }: Jwt.Verifier<unknown, never>): Verifier => ({
  name,
  verify: (token) =>
    Effect.runPromise(
      Effect.match(verify(Redacted.make(token)), { onFailure: () => false, onSuccess: () => true })
    ),
  run: (pool, inFlight) => {
    let next = 0
    const step = Effect.suspend(() => verify(Redacted.make(pool[next++ % pool.length] ?? "")))
    const repeated = inLoops(step, inFlight)
    return (count) => Effect.runPromise(repeated(count))
  }
})

const byPromise = (name: string, verify: (token: string) => Promise<object>): Verifier => ({
  name,
  verify: async (token) => {
    try {
      await verify(token)
      return true
    } catch {
      return false
    }
  },
  run: (pool, inFlight) => {
    let next = 0
    return inTurn(async (count) => {
      for (let done = 0; done < count; done++) await verify(pool[next++ % pool.length] ?? "")
    }, inFlight)
  }
})

const inTick = (name: string, verify: (token: string) => object | undefined): Verifier => ({
  name,
  verify: async (token) => {
    try {
      return verify(token) !== undefined
    } catch {
      return false
    }
  },
  run: (pool) => {
    let next = 0
    return async (count) => {
      for (let done = 0; done < count; done++) verify(pool[next++ % pool.length] ?? "")
    }
  }
})

// ----------------------------------------------------------------------------
// marks
// ----------------------------------------------------------------------------

const marksOf = (alg: string, inFlight: number, samples: Samples): ReadonlyArray<Mark> => {
  if (inFlight === 1) {
    const over = difference(samples, oursCached, fastCached)
    return [
      {
        mark: "2 token seen before",
        case: alg,
        measured: `${number(over.median)} ± ${number(2 * over.error)} µs over fast-jwt with its cache`,
        limit: "0",
        verdict: atMost(over.median, 0, { resolution: 2 * over.error })
      }
    ]
  }
  const of = ratio(samples, ours, jose)
  const own = Math.max(relativeResolution(samples, jose, joseAgain), 2 * of.error)
  return [
    {
      mark: "2 JWT verifier, 16 in flight",
      case: alg,
      measured: `${number(of.median)} ± ${number(own)} × jose`,
      limit: "1.15",
      verdict: atMost(of.median, 1.15, { resolution: own })
    }
  ]
}
