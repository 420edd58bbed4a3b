// Node loads ESM by `require` from 20.19 on
const { ApiKey } = require("effect-security")
const { header } = require("effect-security/ApiKey")

const requirement = JSON.stringify(header("X-API-Key").requirement)
if (requirement !== '[{"APIKeyHeader":[]}]' || ApiKey.header !== header)
  throw new Error(requirement)
console.log(process.version, requirement)
