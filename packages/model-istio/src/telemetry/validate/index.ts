export { kialiValidations } from "./kiali-validations.ts";
export type { MeshSettings } from "./mesh-objects.ts";
export type { Check as KialiCheck, Severity as KialiSeverity, Validation as KialiValidation } from "./report.ts";
