import type { Type } from '@nestjs/common';

/** What an assistant can call. Its input is checked and described by one class, its output described by another. */
export interface McpTool<Input extends object = object> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Changes nothing, so a read-only key may call it. */
  readonly reads?: true;
  /** Told to the assistant as a look, though that it looked is written down: it need not ask a person before. */
  readonly looks?: true;
  /** Can't be taken back; written into the audit log whoever calls it. */
  readonly destructive?: true;
  /** Calling it twice with the same input does no more than calling it once. */
  readonly idempotent?: true;
  readonly input: Type<Input>;
  readonly output: Type<unknown>;
  run(input: Input): Promise<object>;
}

/** What an assistant can read by its address. */
export interface McpResource {
  /** `nagaya://…`, with `{name}` where a part is chosen by the reader. */
  readonly uri: string;
  readonly name: string;
  readonly description: string;
  read(parts: Readonly<Record<string, string>>): Promise<object>;
}

/** A text that an assistant can start from. */
export interface McpPrompt {
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly { readonly name: string; readonly description: string; readonly required: boolean }[];
  write(values: Readonly<Record<string, string>>): Promise<string>;
}

/** All that one product offers to assistants. */
export interface McpCatalogue {
  readonly product: string;
  /** For the model: what this is good for, and when to use what. */
  readonly instructions: string;
  readonly tools: readonly McpTool[];
  readonly resources: readonly McpResource[];
  readonly prompts: readonly McpPrompt[];
}

/** Keeps the type of a tool's input between its class and its `run`. */
export function tool<Input extends object>(declared: McpTool<Input>): McpTool {
  return declared;
}
