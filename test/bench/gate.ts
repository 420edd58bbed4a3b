/** Nobody is measured who lets a wrong credential in, or keeps a right one out. */
import type { Case } from "./credentials.ts"
import type { Server } from "./servers.ts"

/** What is no credential at all may be called a bad request; what is a wrong one is refused. */
const allowed = (kind: string): ReadonlyArray<number> =>
  kind === "absent" || kind === "malformed" ? [400, 401, 403] : [401, 403]

export type Asked = Pick<Server, "name" | "status">

export const check = async (server: Asked, { right, scheme, wrong }: Case): Promise<void> => {
  for (const headers of right.slice(0, 3)) {
    const status = await server.status(headers)
    if (status !== 200) throw new Error(`${server.name} answers a right ${scheme} with ${status}`)
  }
  for (const [kind, headers] of Object.entries(wrong)) {
    const status = await server.status(headers)
    if (!allowed(kind).includes(status)) {
      throw new Error(`${server.name} answers ${scheme}, ${kind}, with ${status}`)
    }
  }
}
