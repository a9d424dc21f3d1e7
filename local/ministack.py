"""MiniStack's server process, with what this deployment needs of it and it has not.

- Its buckets refuse requests without TLS, as on AWS. On loopback there is none, so every request is marked as one
  that a TLS proxy has passed on; without this mark MiniStack refuses it, as it should.
- Its CloudWatch is that of `cloudwatch.py`: metric filters, the JSON log format, Lambda's counters; of `counters.py`: those
  of S3, SQS and SNS; and of `alarms.py`: dimensions, metric math, missing data.
- An environment that dies before its first event fails that event, and takes no other environment with it.
- Calls to CloudWatch need their right in CBOR too, which is how the SDK of Rust speaks to it; so do questions to Lambda
  about the concurrency of an account and of a function.
- A route that matches OPTIONS takes the preflight away from the gateway's CORS, as on AWS.
- Saved queries are accepted and shown nowhere.
- A line feed in a path goes with its route, as on AWS: `{key+}` takes any character.
- It takes the SHA-256 of a function's zip once, not at each start of an environment, and keeps metrics as long as it runs.
- It ends with the process that started it, however that one ended.
"""

import gc
import os
import threading
import time
import uuid

from ministack import app as server
from ministack.core import iam_actions
from ministack.core.lambda_runtime import ProvidedWorker
from ministack.services import apigateway, lambda_svc
from ministack.services import cloudwatch as plain_cloudwatch
from ministack.services.cloudformation import provisioners

from . import alarms, cloudwatch, counters

plain_app = server.app
plain_execute = apigateway._handle_execute_in_scope
plain_lambda_proxy = apigateway._invoke_lambda_proxy
plain_action = iam_actions.extract_iam_action
plain_resource = iam_actions.extract_resource_arn
plain_path_parameters = apigateway._extract_path_params
plain_code_folder = lambda_svc._provided_runtime_code_dir

# A character of Unicode's private use area, for a pattern whose dot matches no line feed.
LINE_FEED = "\uE00A"


# Each zip with its folder; while it is here, no other has its `id`.
code_folders: dict[int, tuple[bytes, str]] = {}


async def behind_tls(scope, receive, send):
    if scope["type"] == "http":
        scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
    await plain_app(scope, receive, send)


def invoke(environment, *arguments, **options):
    """What is raised here makes MiniStack end every environment of the function, those at work among them."""
    try:
        return cloudwatch.invoke(environment, *arguments, **options)
    except Exception as error:
        payload = {"errorType": getattr(error, "error_type", "Runtime.ExitError"), "errorMessage": str(error)}
        return {"status": "error", "error": str(error), "error_payload": payload}


def path_parameters(route: str, path: str) -> dict | None:
    values = plain_path_parameters(route, path.replace("\n", LINE_FEED))
    return values and {name: value.replace(LINE_FEED, "\n") for name, value in values.items()}


def action(service, method, path, *arguments):
    """Smithy RPC v2 has the operation at the end of its path, where MiniStack looks for no action and allows the call. It
    allows who reads an account's settings too, and takes who reads a function's reservation for who makes one."""
    if service == "monitoring" and "/operation/" in path:
        return f"cloudwatch:{path.rsplit('/', 1)[1]}"
    if service == "lambda" and path.endswith("/account-settings"):
        return "lambda:GetAccountSettings"
    if service == "lambda" and method == "GET" and path.endswith("/concurrency"):
        return "lambda:GetFunctionConcurrency"
    return plain_action(service, method, path, *arguments)


def in_small_letters(plain):
    """CloudFormation writes the names in capitals, and MiniStack reads them in small letters."""
    return lambda configuration, origin: plain(
        {name[0].lower() + name[1:]: value for name, value in configuration.items()}, origin)


def resource(service, method, path, *arguments, **options):
    """A body in CBOR is no JSON to look for an alarm's name in; no call that is asked so has a resource."""
    if service == "monitoring" and "/operation/" in path:
        return "*"
    return plain_resource(service, method, path, *arguments, **options)


async def execute(api_id, stage, path, method, *arguments):
    """MiniStack answers every OPTIONS by the CORS configuration. On AWS a route of method ANY gets it first, and without
    both there is no answer. Source: API Gateway developer guide, "Configure CORS for HTTP APIs in API Gateway"."""
    if method == "OPTIONS":
        if apigateway._match_route(api_id, method, "/" + path.lstrip("/")):
            # In small letters it is passed on, and still matched by ANY; no route of ours is for OPTIONS alone.
            method = "options"
        elif not apigateway._apis.get(api_id, {}).get("corsConfiguration"):
            return apigateway._http_api_not_found()
    return await plain_execute(api_id, stage, path, method, *arguments)


def lambda_proxy(*arguments, **options):
    arguments = [argument.upper() if argument == "options" else argument for argument in arguments]
    return plain_lambda_proxy(*arguments, **options)


def code_folder(code: bytes) -> str:
    """20 ms of CPU at each start of a worker, whose zip has 29 MB."""
    if id(code) not in code_folders:
        code_folders[id(code)] = code, plain_code_folder(code)
    return code_folders[id(code)][1]


def query_definition(logical_id, properties, stack_name):
    identifier = str(uuid.uuid4())
    return identifier, {"QueryDefinitionId": identifier}


def end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.killpg(0, 15)


if __name__ == "__main__":
    # What is imported is never garbage, and was looked through again and again: 4 % of what the server took.
    gc.freeze()
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    server.app = behind_tls
    cloudwatch.install()
    counters.install()
    alarms.install()
    ProvidedWorker.invoke = invoke
    lambda_svc._provided_runtime_code_dir = code_folder
    plain_cloudwatch._evict_old_metrics = lambda: None
    iam_actions.extract_iam_action = action
    iam_actions.extract_resource_arn = resource
    apigateway._extract_path_params = path_parameters
    apigateway._cors_response_headers = in_small_letters(apigateway._cors_response_headers)
    apigateway._cors_preflight_response = in_small_letters(apigateway._cors_preflight_response)
    apigateway._handle_execute_in_scope = execute
    apigateway._invoke_lambda_proxy = lambda_proxy
    provisioners._RESOURCE_HANDLERS["AWS::Logs::QueryDefinition"] = {
        "create": query_definition, "delete": lambda physical_id, properties: None}
    server.main()
