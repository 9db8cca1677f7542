/** `outbound|80|v1|shop.demo.svc.cluster.local`. */
export const clusterName = (port: number, subset: string, host: string): string => `outbound|${port}|${subset}|${host}`;
/** The same as the SNI by which clusters of other meshes and the server's proxy know it. */
export const sniName = (port: number, subset: string, host: string): string => `outbound_.${port}_.${subset}_.${host}`;
