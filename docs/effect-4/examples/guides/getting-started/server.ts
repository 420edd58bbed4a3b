import { HttpRouter } from "effect/http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { SwaggerUi } from "effect-security"
import { Config, Layer } from "effect"
import { createServer } from "node:http"
import { Api, ApiLive } from "./api.ts"

const Routes = Layer.merge(ApiLive, SwaggerUi.layer({ api: Api }))

HttpRouter.serve(Routes).pipe(
  Layer.provide(
    NodeHttpServer.layerConfig(createServer, {
      port: Config.withDefault(Config.Int("PORT"), 3000)
    })
  ),
  Layer.launch,
  NodeRuntime.runMain
)
