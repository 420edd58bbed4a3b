import { HttpLayerRouter } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { SwaggerUi } from "effect-security"
import { Config, Layer } from "effect"
import { createServer } from "node:http"
import { Api, ApiLive } from "./api.ts"

const Routes = Layer.merge(ApiLive, SwaggerUi.layerHttpLayerRouter({ api: Api }))

HttpLayerRouter.serve(Routes).pipe(
  Layer.provide(
    NodeHttpServer.layerConfig(createServer, {
      port: Config.withDefault(Config.integer("PORT"), 3000)
    })
  ),
  Layer.launch,
  NodeRuntime.runMain
)
