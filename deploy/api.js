// The HTTP API, by the parameter `api`: its function, role, routes and limits. Off, there is nothing of it.

const { sourceObjects, thumbnailObjects } = require("./buckets.js");
const { onOff, prefixes: prefixesOf } = require("./parameters.js");
const { workers } = require("./tiers.js");

const AUTHORISERS = ["token", "iam", "jwt"];

// As in api/src/route.rs. Open are those that tell nothing about an upload.
const ROUTES = [
  { path: "/images/{key+}", methods: ["PUT"] },
  { path: "/uploads", methods: ["POST"] },
  { path: "/thumbnails/{key+}", methods: ["GET", "HEAD"], open: ({ publicThumbnails }) => publicThumbnails },
  { path: "/status/{key+}", methods: ["GET", "HEAD"] },
  { path: "/", open: () => true },
  { path: "/page/{name}", open: () => true },
  { path: "/settings", open: () => true },
  { path: "/openapi.json", open: () => true },
];

const attribute = (resource, name) => ({ "Fn::GetAtt": [resource, name] });
const objects = (bucket, prefix) => ({ "Fn::Sub": `arn:\${AWS::Partition}:s3:::${bucket}/${prefix}*` });
const isTrue = (value) => String(value) === "true";
const list = (value) => String(value).split(",").map((part) => part.trim()).filter(Boolean);

// The parameters, checked; undefined where there is no API.
const read = async (resolveVariable) => {
  if (!await onOff(resolveVariable, "api")) {
    return undefined;
  }
  const auth = await resolveVariable("param:api_auth");
  if (!AUTHORISERS.includes(auth)) {
    throw new Error(`api_auth is "${auth}": expected ${AUTHORISERS.join(", ")}`);
  }
  const [service, stage, packageDir, source, destination, version, publicThumbnails, keyPrefixes, origins, issuer, audience,
    rate, burst, maxEventAge] = await Promise.all(["self:service", "sls:stage", "param:package_dir",
    "param:source_bucket", "param:destination_bucket", "param:api_token_version", "param:api_public_thumbnails",
    "param:api_key_prefixes", "param:api_cors_origins", "param:api_jwt_issuer", "param:api_jwt_audience",
    "param:api_rate_limit", "param:api_burst_limit", "param:max_event_age_s"].map(resolveVariable));
  if (auth === "jwt" && !(issuer && audience)) {
    throw new Error("api_auth is jwt: set api_jwt_issuer and api_jwt_audience, as your identity provider names them");
  }
  const sourcePrefixes = await prefixesOf(resolveVariable, "source_prefixes");
  const prefixes = list(keyPrefixes);
  const isHeard = (prefix) => sourcePrefixes.some((one) => prefix.startsWith(one));
  const unheard = sourcePrefixes.length > 0 ? prefixes.find((prefix) => !isHeard(prefix)) : undefined;
  if (unheard !== undefined) {
    throw new Error(`api_key_prefixes has "${unheard}": expected what begins as one of source_prefixes does, `
      + `${sourcePrefixes.join(", ")}: nothing else gets thumbnails`);
  }
  return {
    name: `${service}-${stage}`, auth, packageDir, source, destination, issuer, maxEventAge,
    prefixes: (prefixes.length > 0 ? prefixes : sourcePrefixes).join(","),
    sourceObjects: await sourceObjects({ resolveVariable }),
    thumbnailObjects: await thumbnailObjects({ resolveVariable }),
    publicThumbnails: isTrue(publicThumbnails), origins: list(origins), audience: list(audience),
    rate: Number(rate), burst: Number(burst), token: tokenNames(stage, version),
  };
};

// Of the token in SSM, and of its SHA-256, which is all that the function is told. Another version is another token.
const tokenNames = (stage, version) => ({
  token: `/thumbtier/${stage}/api-token/${version}`,
  sha256: `/thumbtier/${stage}/api-token-sha256/${version}`,
});

// What deploy/token.js makes before a deployment; nothing where the gateway authorises.
exports.token = async ({ resolveVariable }) => {
  const api = await read(resolveVariable);
  return api?.auth === "token" ? api.token : {};
};

exports.keepEndings = async ({ resolveVariable }) => Boolean(await read(resolveVariable));

exports.functions = async ({ resolveVariable }) => {
  const api = await read(resolveVariable);
  if (!api) {
    return {};
  }
  return {
    api: {
      name: `${api.name}-api`,
      description: "Uploads, thumbnails and their status over HTTP",
      handler: "bootstrap",
      package: { artifact: `${api.packageDir}/api.zip` },
      role: attribute("ApiRole", "Arn"),
      memorySize: 256,
      timeout: 29,
      environment: {
        AUTH: api.auth,
        // CloudFormation reads it, so that it is in no file of a deployment either.
        ...(api.auth === "token" && { TOKEN_SHA256: `{{resolve:ssm:${api.token.sha256}}}` }),
        PUBLIC_THUMBNAILS: String(api.publicThumbnails),
        KEY_PREFIXES: api.prefixes,
        MAX_EVENT_AGE_S: String(api.maxEventAge),
      },
    },
  };
};

// The dispatcher and the batch function keep endings only for the API to tell.
exports.keepEndingsStatement = async ({ resolveVariable }) => {
  const api = await read(resolveVariable);
  return api
    ? { Sid: "KeepEndings", Effect: "Allow", Action: "s3:PutObject", Resource: objects(api.destination, ".thumbtier/endings/") }
    : { Ref: "AWS::NoValue" };
};

// Browsers upload straight to the bucket, from the page and from the origins that the API allows too.
exports.uploadCors = async ({ resolveVariable }) => {
  const api = await read(resolveVariable);
  return api
    ? {
      CorsRules: [{
        AllowedOrigins: [attribute("HttpApi", "ApiEndpoint"), ...api.origins],
        AllowedMethods: ["PUT"],
        AllowedHeaders: ["content-encoding", "content-type"],
        ExposedHeaders: ["ETag"],
        MaxAge: 3600,
      }],
    }
    : { Ref: "AWS::NoValue" };
};

exports.resources = async ({ resolveVariable }) => {
  const api = await read(resolveVariable);
  if (!api) {
    return {};
  }
  return {
    Resources: { ...gateway(api), ...routes(api), ApiRole: role(api) },
    Outputs: {
      ApiUrl: { Description: "The HTTP API and its page", Value: attribute("HttpApi", "ApiEndpoint") },
      ...(api.auth === "token" && {
        ApiTokenName: { Description: "Where the API's token is in SSM", Value: api.token.token },
      }),
    },
  };
};

const gateway = (api) => ({
  HttpApi: {
    Type: "AWS::ApiGatewayV2::Api",
    Properties: {
      Name: api.name,
      ProtocolType: "HTTP",
      ...(api.origins.length > 0 && {
        CorsConfiguration: {
          AllowOrigins: api.origins,
          AllowMethods: ["GET", "HEAD", "PUT", "POST"],
          AllowHeaders: ["authorization", "content-encoding", "content-type", "prefer", "if-none-match"],
          ExposeHeaders: ["etag", "location", "retry-after"],
          MaxAge: 3600,
        },
      }),
    },
  },
  HttpApiStage: {
    Type: "AWS::ApiGatewayV2::Stage",
    Properties: {
      ApiId: { Ref: "HttpApi" },
      StageName: "$default",
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: api.rate, ThrottlingBurstLimit: api.burst },
    },
  },
  HttpApiIntegration: {
    Type: "AWS::ApiGatewayV2::Integration",
    Properties: {
      ApiId: { Ref: "HttpApi" },
      IntegrationType: "AWS_PROXY",
      IntegrationUri: attribute("ApiLambdaFunction", "Arn"),
      PayloadFormatVersion: "2.0",
      TimeoutInMillis: 30000,
    },
  },
  HttpApiMayInvokeApi: {
    Type: "AWS::Lambda::Permission",
    Properties: {
      Action: "lambda:InvokeFunction",
      FunctionName: attribute("ApiLambdaFunction", "Arn"),
      Principal: "apigateway.amazonaws.com",
      SourceArn: { "Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*" },
    },
  },
  ...(api.auth === "jwt" && {
    HttpApiAuthorizer: {
      Type: "AWS::ApiGatewayV2::Authorizer",
      Properties: {
        ApiId: { Ref: "HttpApi" },
        AuthorizerType: "JWT",
        IdentitySource: ["$request.header.Authorization"],
        JwtConfiguration: { Issuer: api.issuer, Audience: api.audience },
        Name: "jwt",
      },
    },
  }),
});

// Every method of an HTTP API but OPTIONS. Source: Amazon API Gateway developer guide, "Create routes for HTTP APIs".
const METHODS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"];

// The function answers methods that a path has not. Where the gateway authorises, it must not take an OPTIONS for a
// request that needs it: a browser asks without credentials whether it may send them. Where pages of other origins may
// call, no route may take an OPTIONS: the gateway answers it as CorsConfiguration says only where no route matches, and
// ANY matches. Source: the same guide, "Configure CORS for HTTP APIs in API Gateway".
const routes = (api) => Object.fromEntries(ROUTES.flatMap(({ path, methods, open }) => {
  const isOpen = api.auth === "token" || open?.(api);
  const openMethods = api.origins.length > 0 ? METHODS : ["ANY"];
  const name = path.replace(/[^a-z]/g, "") || "index";
  return (isOpen ? openMethods : methods).map((method) => [`HttpApiRoute${method}${name}`, {
    Type: "AWS::ApiGatewayV2::Route",
    Properties: {
      ApiId: { Ref: "HttpApi" },
      RouteKey: `${method} ${path}`,
      Target: { "Fn::Sub": "integrations/${HttpApiIntegration}" },
      ...(!isOpen && api.auth === "iam" && { AuthorizationType: "AWS_IAM" }),
      ...(!isOpen && api.auth === "jwt" && { AuthorizationType: "JWT", AuthorizerId: { Ref: "HttpApiAuthorizer" } }),
    },
  }]);
}));

const role = (api) => ({
  Type: "AWS::IAM::Role",
  Properties: {
    AssumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: [{
        Effect: "Allow",
        Principal: { Service: "lambda.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { StringEqualsIfExists: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
      }],
    },
    Policies: [{
      PolicyName: "api",
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          { Sid: "StoreUploads", Effect: "Allow", Action: "s3:PutObject", Resource: api.sourceObjects },
          { Sid: "ReadSource", Effect: "Allow", Action: "s3:GetObject", Resource: api.sourceObjects },
          { Sid: "ReadThumbnails", Effect: "Allow", Action: "s3:GetObject", Resource: api.thumbnailObjects },
          {
            // Without it S3 answers 403 instead of 404 for an object that is not there.
            Sid: "TellGoneFromForbidden",
            Effect: "Allow",
            Action: "s3:ListBucket",
            Resource: [api.source, api.destination].map((bucket) => ({ "Fn::Sub": `arn:\${AWS::Partition}:s3:::${bucket}` })),
          },
          {
            Sid: "RunWorkers",
            Effect: "Allow",
            Action: "lambda:InvokeFunction",
            Resource: workers.map((worker) => attribute(worker.function, "Arn")),
          },
          {
            Sid: "WriteLogs",
            Effect: "Allow",
            Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
            Resource: attribute("ApiLogGroup", "Arn"),
          },
        ],
      },
    }],
  },
});
