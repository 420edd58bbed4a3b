/** Where the demo is. It is known before the server listens: tokens bear it as the name of their issuer. */
import { Config, Effect } from "effect"
import { once } from "node:events"
import { createServer } from "node:net"

export const host = "127.0.0.1"

/** A port that nobody listens on. */
const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, host)
  await once(probe, "listening")
  const address = probe.address()
  await once(probe.close(), "close")
  return typeof address === "object" ? (address?.port ?? 0) : 0
}

/** `PORT`, 3000 by default; 0 takes one that is free. */
export const port =
  Effect.runSync(Config.withDefault(Config.Int("PORT"), 3000)) || (await freePort())

export const url = `http://${host}:${port}`
