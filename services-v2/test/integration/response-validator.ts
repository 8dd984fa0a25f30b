import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** Says what is wrong with an answer by the OpenAPI document, or null. Paths that it does not have are left alone. */
export type ResponseValidator = (
  method: string,
  path: string,
  status: number,
  body: unknown,
) => string | null;

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export function createResponseValidator(document: OpenApiDocument): ResponseValidator {
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  addFormats.default(ajv);
  ajv.addSchema({ $id: "https://cms.test/api", components: document.components });
  const compiled = new Map<object, ValidateFunction>();
  const compile = (schema: object): ValidateFunction => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const absolute: unknown = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"https://cms.test/api#/'));
    if (typeof absolute !== "object" || absolute === null) throw new Error("no schema");
    const validate = ajv.compile(absolute);
    compiled.set(schema, validate);
    return validate;
  };
  const templates = Object.entries(document.paths).map(([template, operations]) => ({
    pattern: new RegExp(`^${template.replace(/\{\w+\}/gu, "[^/]+")}$`, "u"),
    operations,
  }));

  return (method, path, status, body) => {
    const pathname = path.split("?", 1)[0] ?? "";
    const operations = templates.find(({ pattern }) => pattern.test(pathname))?.operations;
    const operation = operations?.[method.toLowerCase()];
    if (operation === undefined) return null;
    const response = operation.responses[String(status)];
    if (response === undefined) return `${method} ${pathname} must not answer ${status}`;
    const schema = response.content?.["application/json"]?.schema;
    if (schema === undefined) return body === undefined ? null : `${method} ${pathname} must have no body`;
    const validate = compile(schema);
    return validate(body)
      ? null
      : `${method} ${pathname} ${status}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body)}`;
  };
}

/** Whether it has the parts that the validator looks at; what they hold is for ajv. */
export function isOpenApiDocument(value: unknown): value is OpenApiDocument {
  return (
    typeof value === "object" &&
    value !== null &&
    "openapi" in value &&
    "paths" in value &&
    "components" in value
  );
}
