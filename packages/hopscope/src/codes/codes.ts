import type { Explanation } from "./explanation.ts";
import { moreCodes } from "./more-codes.ts";

/** What every code means; `hopscope explain CODE` prints it. Codes are never reused. */
export const codes: Readonly<Record<string, Explanation>> = {
  ...moreCodes,
  "router/no-route-for-host": {
    means: "The OpenShift router has no admitted Route for the requested host, so its default backend answers 503 (“Application is not available”).",
    act: "Create a Route for the host (a Service Mesh Gateway gets one only where IOR is on), or correct the host; a Route that exists but is not admitted says why in status.ingress.",
  },
  "mesh/subset-without-endpoints": {
    means: "A VirtualService routes to a subset whose labels no ready pod of the Service has; Envoy answers 503 with flag UH.",
    act: "Give the pods the subset's labels, or change the subset in the DestinationRule.",
  },
  "mesh/egress-gateway-bypassed": {
    means: "A VirtualService sends an outside host through an egress gateway but is bound to that gateway only. Sidecars take routes from VirtualServices bound to “mesh”, so they connect directly and the gateway never sees the traffic.",
    act: "Add “mesh” to spec.gateways, with a match for gateway mesh that routes to the egress gateway's Service on a port that the Service exposes, and a second match for the gateway that routes to the outside host.",
  },
  "mesh/mtls-required": {
    means: "The server's PeerAuthentication is STRICT and the client shows no mesh certificate (it has no sidecar, or a DestinationRule disables TLS).",
    act: "Inject a sidecar into the client, or set PERMISSIVE for the workload or port.",
  },
  "mesh/gateway-unmatched": {
    means: "The request reached a mesh gateway that has no virtual host for it; Envoy answers 404 with flag NR.",
    act: "Bind a VirtualService with this host to the Gateway (spec.gateways), and list the host in the Gateway's servers.",
  },
  "ovn/network-policy-denies": {
    means: "A NetworkPolicy isolates the pod and no rule of any policy admits this traffic; OVN's ACL drops it without an answer.",
    act: "Add an ingress (or egress) rule for the sender's namespace and pod labels and the port, or correct the labels.",
  },
  "ovn/egress-firewall-denies": {
    means: "The namespace's EgressFirewall denies the destination.",
    act: "Add an Allow rule before the denying one.",
  },
  "ovn/egress-ip-not-used": {
    means: "An EgressIP exists, but the packet left from a pod that it does not select, or no node is assigned it, so the outside sees the node's address.",
    act: "Select the namespace (and pods) that really send to the outside, or route the traffic through the selected pods.",
  },
  "kubernetes/service-without-endpoints": {
    means: "The Service has no ready endpoints: OVN refuses the connection (RST), a router answers 503.",
    act: "Compare the Service's selector with the pods' labels, their readiness, and targetPort with the container's port.",
  },
  "app/not-listening": {
    means: "The packet reached the pod, and nothing there listens on the port: the kernel answers RST.",
    act: "Compare targetPort and containerPort with what the process listens on, and on which address (0.0.0.0, not 127.0.0.1).",
  },
  "dns/name-not-resolved": {
    means: "No DNS server that the client asks knows the name.",
    act: "Correct the name; a Service is SERVICE.NAMESPACE.svc.cluster.local; names outside the cluster stand in spec.outside.dns of the Cluster document.",
  },
  "journey/reply-lost": { means: "The packet arrived but its reply did not come back: routing or connection tracking is asymmetric.", act: "Look at the reply's hops (-o wide) for the place where it ends." },
  "journey/loop": { means: "The packet visited more stages than any real path has.", act: "Look for two places that send it to each other." },
  "choose/backend-not-offered": { means: "--choose named a backend that no load-balancing point offered.", act: "Run with --choose all to see what is offered." },
  "assumed/outside-host": { means: "The destination outside is not described: it is assumed to exist and to answer.", act: "Describe it in spec.outside.hosts of a Cluster document." },
  "assumed/listens": { means: "Nothing says that the application listens on this port (no container port, no probe): it is assumed to.", act: "Say it in spec.applications of a Cluster document." },
  "assumed/pod-address": { means: "The input has no pod addresses: they were derived.", act: "Give the output of “oc get pods -A -o yaml”." },
  "assumed/node": { means: "The input has no nodes: they were assumed.", act: "Give the output of “oc get nodes -o yaml”." },
  "assumed/cluster-ip": { means: "The Service has no address in the input: one was derived.", act: "Give the output of “oc get services -A -o yaml”." },
  "mesh/not-injected": { means: "The pod asks for a sidecar (sidecar.istio.io/inject) and has none in the input: it is traced without one.", act: "Give the pods as the cluster has them, with the injected container istio-proxy." },
  "assumed/dns-server": { means: "The input has no DNS Service: names were resolved from the Services and the Cluster document, without asking a server.", act: "Give the Services and pods of namespace openshift-dns." },
  "input/endpoint-syntax": { means: "The text names no endpoint or URL.", act: "Write external/IP, node/NAME, pod/NS/NAME, deploy/NS/NAME, svc/NS/NAME, or a URL." },
  "input/endpoint-unknown": { means: "The snapshot has no such object.", act: "Check kind, namespace and name; “hopscope inspect” lists what was loaded." },
};
