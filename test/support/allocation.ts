/**
 * Says how many bytes a guard allocates for a request, in the process it is run in.
 *
 * Without an optimizing compiler, and with room for all of it, what a request allocates is the same each time: a number, no time.
 */
import { simple } from "../bench/credentials.ts"
import { apis, inFiber, routers, type Server, type Simple } from "../bench/servers.ts"

const requests = 1000

const bytes = async (server: Server, scheme: Simple): Promise<number> => {
  const run = server.run(simple[scheme].right)
  await run(requests)
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    await run(requests)
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / requests)
  }
  return least
}

const counted: Record<string, number> = {}
for (const scheme of ["API key", "Basic", "Bearer"] as const) {
  const router = await bytes(inFiber("HttpRouter", await routers.unguarded()), scheme)
  const byHand = await bytes(inFiber("by hand", await routers.byHand(scheme)), scheme)
  const ours = await bytes(inFiber("ours", await routers.ours(scheme)), scheme)
  const constant = await bytes(inFiber("a constant", await apis.constant()), scheme)
  const api = await bytes(inFiber("ours", await apis.ours(scheme)), scheme)
  counted[`${scheme}, HttpRouter, by hand`] = Math.round(byHand - router)
  counted[`${scheme}, HttpRouter`] = Math.round(ours - router)
  counted[`${scheme}, HttpApi`] = Math.round(api - constant)
}
console.log(JSON.stringify(counted))
process.exit(0)
