import { HttpApiBuilder, HttpServer } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { SwaggerUi } from "effect-security"
import { Config, Layer } from "effect"
import { createServer } from "node:http"
import { ApiLive } from "./api.ts"

HttpApiBuilder.serve().pipe(
  Layer.provide(SwaggerUi.layer()),
  Layer.provide(ApiLive),
  HttpServer.withLogAddress,
  Layer.provide(
    NodeHttpServer.layerConfig(createServer, {
      port: Config.withDefault(Config.integer("PORT"), 3000)
    })
  ),
  Layer.launch,
  NodeRuntime.runMain
)
