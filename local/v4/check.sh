#!/usr/bin/env bash
# Whether version 4 of the Serverless Framework takes serverless.yml, by the types that its makers generate from its JSON
# schema. The framework itself asks for a login before it validates anything, and is no npm package.
set -euo pipefail
cd "$(dirname "$0")"
[ -d node_modules ] || npm ci --silent --no-fund --no-audit
for parameters in "" "--param=canary=Canary10Percent5Minutes --param=api=on --param=cdn=on --param=reserved_concurrency_small=1"; do
    # shellcheck disable=SC2086 # Several words, and no spaces in them.
    (cd ../.. && node_modules/.bin/osls print --stage prod --format json $parameters 2>/dev/null) > service.json
    node -e '
      // What osls adds of its own; null is what is left out.
      const service = JSON.parse(require("fs").readFileSync("service.json", "utf8"), (_, value) => value ?? undefined);
      delete service.package.artifactsS3KeyDirname;
      delete service.provider.deploymentBucketObject;
      console.log(`import type { AWS } from "@serverless/typescript";\nconst service: AWS = ${JSON.stringify(service, null, 2)};\nexport default service;`);
    ' > service.ts
    node_modules/.bin/tsc --noEmit --strict --skipLibCheck --module nodenext --moduleResolution nodenext service.ts
done
echo "serverless.yml is as @serverless/typescript $(node -p 'require("@serverless/typescript/package.json").version') says"
