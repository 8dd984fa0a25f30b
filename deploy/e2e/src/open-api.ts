import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { pick } from "./ask.ts";

/** Says what is wrong with an answer by the OpenAPI document of the service that gave it; `null` when nothing is. */
export type AnswerValidator = (method: string, path: string, status: number, body: unknown) => string | null;

const base = "https://cms.test/openapi";

/** Fetches `/openapi.json` and compiles it. Paths that the document does not have are left alone. */
export async function fetchValidator(serviceUrl: string): Promise<AnswerValidator> {
  const response = await fetch(`${serviceUrl}/openapi.json`, { signal: AbortSignal.timeout(10_000) });
  const document: unknown = await response.json();
  const paths = pick(document, "paths");
  if (typeof paths !== "object" || paths === null) throw new Error(`${serviceUrl} describes no paths`);
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: base, components: pick(document, "components") });
  const templates = Object.keys(paths).map((template) => ({
    template,
    pattern: new RegExp(`^${template.replace(/\{\w+\}/gu, "[^/]*")}$`, "u"),
  }));
  const compiled = new Map<string, ReturnType<typeof ajv.compile>>();
  return (method, path, status, body) => {
    const bare = path.split("?", 1)[0] ?? "";
    const template = templates.find(({ pattern }) => pattern.test(bare))?.template;
    if (template === undefined) return null;
    const operation = pick(paths, template, method.toLowerCase());
    if (operation === undefined) return null;
    const response = pick(operation, "responses", String(status));
    if (response === undefined) return `${method} ${template} does not document ${status}`;
    const schema = pick(response, "content", "application/json", "schema");
    if (schema === undefined) {
      return body === undefined ? null : `${method} ${template} ${status} documents no body`;
    }
    const key = `${method} ${template} ${status}`;
    const validate = compiled.get(key) ?? ajv.compile(absolute(schema));
    compiled.set(key, validate);
    return validate(body) ? null : `${key}: ${ajv.errorsText(validate.errors)}`;
  };
}

/** A part of the document whose references hold outside of it too. */
function absolute(schema: unknown): object {
  const text = JSON.stringify(schema).replaceAll('"#/', `"${base}#/`);
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error("a schema is an object");
  return value;
}
