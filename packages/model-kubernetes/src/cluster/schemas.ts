import { DURATION_PATTERN } from "./duration.ts";

const duration = { type: "string", pattern: DURATION_PATTERN, description: "A duration such as 2ms, 1.5s or 1m30s." } as const;
const names = { type: "array", items: { type: "string", minLength: 1 } } as const;
const cidrs = { type: "array", items: { type: "string", pattern: "^[0-9a-fA-F.:]+/[0-9]{1,3}$" } } as const;
const address = { type: "string", pattern: "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$", description: "An IPv4 or IPv6 address." } as const;
const addresses = { type: "array", items: address } as const;

function closed<const Properties extends object, const Required extends readonly string[]>(properties: Properties, required: Required): { readonly type: "object"; readonly additionalProperties: false; readonly properties: Properties; readonly required: Required } {
  return { type: "object", additionalProperties: false, properties, required };
}

const metadata = {
  type: "object",
  required: ["name"],
  properties: { name: { type: "string", minLength: 1 }, labels: { type: "object" }, annotations: { type: "object" } },
} as const;

const listens = {
  type: "array",
  description: "What answers on which port; an empty list says that nothing listens.",
  items: closed(
    {
      port: { type: "integer", minimum: 1, maximum: 65535 },
      application: { enum: ["http", "https", "tcp", "udp", "grpc"] },
      latency: closed({ p50: duration, p99: duration }, ["p50", "p99"]),
    },
    ["port", "application"],
  ),
} as const;

/** JSON Schema of the `hopscope/v1` Cluster document: what a cluster's objects do not say. */
export const clusterSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Hopscope Cluster",
  description: "What a cluster's objects do not say. Every field of spec may be left out; what the objects state wins.",
  ...closed(
    {
      apiVersion: { const: "hopscope/v1" },
      kind: { const: "Cluster" },
      metadata,
      spec: closed(
        {
          platform: closed(
            {
              openshift: { type: "string", pattern: "^4\\.[0-9]+(\\.[0-9]+)?$", description: "4.14" },
              ovn: { type: "string", pattern: "^[0-9]{2}\\.[0-9]{2}(\\.[0-9]+)?$", description: "23.09" },
              mesh: closed({ flavour: { enum: ["ossm", "istio"] }, version: { type: "string", pattern: "^[0-9]+\\.[0-9]+(\\.[0-9]+)?$" } }, ["flavour", "version"]),
            },
            [],
          ),
          network: closed({ pods: cidrs, services: cidrs, gatewayMode: { enum: ["shared", "local"] }, interconnect: { type: "boolean" } }, []),
          ingress: { type: "array", items: closed({ controller: { type: "string", minLength: 1 }, vip: address }, ["controller", "vip"]) },
          outside: closed(
            {
              hosts: { type: "array", items: closed({ name: { type: "string", minLength: 1 }, addresses, listens }, ["name", "addresses"]) },
              dns: { type: "array", items: closed({ name: { type: "string", minLength: 1 }, addresses }, ["name", "addresses"]) },
            },
            [],
          ),
          applications: {
            type: "array",
            items: closed(
              { select: closed({ namespace: { type: "string", minLength: 1 }, labels: { type: "object", additionalProperties: { type: "string" } } }, []), listens },
              ["select", "listens"],
            ),
          },
          latency: closed({ profile: { type: "string", minLength: 1 } }, []),
        },
        [],
      ),
    },
    ["apiVersion", "kind", "metadata"],
  ),
} as const;

const bound = { type: "string", pattern: "^\\s*(<=|>=|<|>)\\s*[0-9]+(\\.[0-9]+)?\\s*(ns|us|µs|ms|s)?\\s*$", description: "A bound such as \"< 50ms\"." } as const;
const VERDICTS = ["delivered", "answered", "refused", "dropped", "unknown"] as const;
const verdict = { description: `One of ${VERDICTS.join(", ")}, or a list of them.`, anyOf: [{ enum: VERDICTS }, { type: "array", items: { enum: VERDICTS }, minItems: 1 }] } as const;

/** JSON Schema of the `hopscope/v1` Scenario document: questions to a snapshot and what is expected. */
export const scenarioSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Hopscope Scenario",
  description: "Questions to a snapshot, each with what is expected of the answer.",
  ...closed(
    {
      apiVersion: { const: "hopscope/v1" },
      kind: { const: "Scenario" },
      metadata,
      spec: closed(
        {
          snapshot: { ...names, minItems: 1, description: "Files and folders, relative to this file." },
          steps: {
            type: "array",
            minItems: 1,
            items: closed(
              {
                trace: closed({ from: { type: "string", minLength: 1 }, to: { type: "string", minLength: 1 }, choose: { type: "string", minLength: 1 }, profile: { type: "string", minLength: 1 } }, ["from", "to"]),
                expect: closed(
                  {
                    verdict,
                    status: { type: ["integer", "null"], minimum: 100, maximum: 599 },
                    through: names,
                    not: names,
                    findings: names,
                    latency: closed({ p50: bound, p90: bound, p99: bound, mean: bound }, []),
                  },
                  [],
                ),
              },
              ["trace"],
            ),
          },
        },
        ["snapshot", "steps"],
      ),
    },
    ["apiVersion", "kind", "metadata", "spec"],
  ),
} as const;
