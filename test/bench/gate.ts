/** Nobody is measured who lets a wrong credential in, or keeps a right one out. */
import type { Case } from "./credentials.ts"
import type { Server } from "./servers.ts"

export const check = async (server: Server, { right, scheme, wrong }: Case): Promise<void> => {
  for (const headers of right.slice(0, 3)) {
    const status = await server.status(headers)
    if (status !== 200) throw new Error(`${server.name} answers a right ${scheme} with ${status}`)
  }
  for (const [name, headers] of Object.entries(wrong)) {
    const status = await server.status(headers)
    // @fastify/jwt answers a token of another algorithm with 500
    const isRefused = status >= 400 && (status < 500 || server.name.startsWith("Fastify"))
    if (!isRefused) {
      throw new Error(`${server.name} answers ${scheme}, ${name}, with ${status}`)
    }
  }
}
