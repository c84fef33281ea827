import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  type CallToolResult,
} from '@modelcontextprotocol/sdk/types.js';
import { AppError, invalidFields } from '../errors/app-error.js';
import { asAppError } from '../errors/problem.js';
import { Refusal } from '../http/field.js';
import { readObject } from '../http/read-object.js';
import { schemaOfClass } from './class-schema.js';
import type { McpCatalogue, McpResource, McpTool } from './mcp-catalogue.js';

export interface McpHost {
  readonly version: string;
  /** Called before a tool runs, with its arguments as they came. @throws AppError where the caller may not */
  readonly admit: (tool: McpTool, given: Readonly<Record<string, unknown>>) => Promise<void>;
  /** Told of failures that are ours. */
  readonly report: (error: AppError) => void;
}

/** The schema stays the same as long as the process: made once for each tool. */
const described = new WeakMap<McpTool, object>();

/** A server of the Model Context Protocol for one product and one caller. */
export function mcpServer(catalogue: McpCatalogue, host: McpHost): Server {
  const server = new Server(
    { name: `nagaya:${catalogue.product}`, version: host.version },
    { capabilities: { tools: {}, resources: {}, prompts: {} }, instructions: catalogue.instructions },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: catalogue.tools.map(describe) as never[] }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => call(catalogue, host, params.name, params.arguments ?? {}));
  server.setRequestHandler(ListResourcesRequestSchema, () => ({
    resources: catalogue.resources.filter(({ uri }) => !uri.includes('{')).map(({ uri, name, description }) => ({ uri, name, description, mimeType: 'application/json' })),
  }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: catalogue.resources
      .filter(({ uri }) => uri.includes('{'))
      .map(({ uri, name, description }) => ({ uriTemplate: uri, name, description, mimeType: 'application/json' })),
  }));
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params: { uri } }) => {
    const content = await asProtocolError(host, () => read(catalogue.resources, uri));
    return { contents: [{ uri, mimeType: 'application/json', text: JSON.stringify(content) }] };
  });
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: catalogue.prompts.map(({ name, description, arguments: values }) => ({ name, description, arguments: values.map((value) => ({ ...value })) })),
  }));
  server.setRequestHandler(GetPromptRequestSchema, async ({ params }) => {
    const prompt = catalogue.prompts.find((candidate) => candidate.name === params.name);
    if (prompt === undefined) throw new McpError(ErrorCode.InvalidParams, `There is no prompt ${params.name}.`);
    const values = params.arguments ?? {};
    const missing = prompt.arguments.find(({ name, required }) => required && !values[name]);
    if (missing !== undefined) throw new McpError(ErrorCode.InvalidParams, `The prompt ${prompt.name} needs ${missing.name}.`);
    const text = await asProtocolError(host, () => prompt.write(values));
    return { description: prompt.description, messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }] };
  });
  return server;
}

function describe(tool: McpTool): object {
  const known = described.get(tool);
  if (known !== undefined) return known;
  const { name, title, description, reads = false, looks = reads, destructive = false, idempotent = reads } = tool;
  const description_ = {
    name,
    title,
    description,
    inputSchema: schemaOfClass(tool.input, true),
    outputSchema: schemaOfClass(tool.output, false),
    // Nothing outside of Nagaya is reached by any of them.
    annotations: { title, readOnlyHint: looks, destructiveHint: destructive, idempotentHint: idempotent, openWorldHint: false },
  };
  described.set(tool, description_);
  return description_;
}

/** A failure is told to the model as the tool's result, with its stable code: it can read what to do next. */
async function call({ tools }: McpCatalogue, host: McpHost, name: string, given: Readonly<Record<string, unknown>>): Promise<CallToolResult> {
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${name}.`);
  try {
    await host.admit(tool, given);
    const input = readObject(tool.input, given);
    if (input instanceof Refusal) throw invalidFields(input.problems);
    // As REST would send it: times as texts, and nothing that JSON does not know.
    const output = JSON.parse(JSON.stringify(await tool.run(input))) as Record<string, unknown>;
    return { content: [{ type: 'text', text: JSON.stringify(output) }], structuredContent: output };
  } catch (thrown) {
    const error = failureOf(thrown, host);
    const problem = { code: error.code, detail: error.message, ...(error.fields.length > 0 && { errors: error.fields }) };
    return { isError: true, content: [{ type: 'text', text: JSON.stringify(problem) }], _meta: { 'nagaya/code': error.code } };
  }
}

function read(resources: readonly McpResource[], uri: string): Promise<object> {
  for (const resource of resources) {
    const names = [...resource.uri.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
    const shape = resource.uri.split(/\{\w+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
    const match = new RegExp(`^${shape.join('([^/]+)')}$`).exec(uri);
    if (match !== null) return resource.read(Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? '')])));
  }
  throw new AppError('not_found', `There is no resource ${uri}.`);
}

/** Resources and prompts have no result that could hold an error: it becomes the protocol's, the code in its data. */
async function asProtocolError<T>(host: McpHost, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = failureOf(thrown, host);
    const code = error.code === 'internal' || error.code === 'unavailable' ? ErrorCode.InternalError : ErrorCode.InvalidParams;
    throw new McpError(code, error.message, { code: error.code });
  }
}

function failureOf(thrown: unknown, host: McpHost): AppError {
  const error = thrown instanceof URIError ? new AppError('validation_failed', 'The address is not valid percent-encoded UTF-8.') : asAppError(thrown, 0);
  if (error.code === 'internal') host.report(error);
  return error;
}
