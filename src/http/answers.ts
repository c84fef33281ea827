import { applyDecorators, HttpCode, type Type } from '@nestjs/common';
import { ApiCreatedResponse, ApiExtension, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger';
import type { ErrorCode } from '../errors/app-error.js';

export const PROBLEM_CODES = 'x-problem-codes';

/**
 * Documents the error codes that are particular to an operation. Those that every operation of its kind can answer (400, 401,
 * 404, 500, 503, …) are added by `buildOpenApi`.
 */
export function Answers(...codes: ErrorCode[]): MethodDecorator {
  return ApiExtension(PROBLEM_CODES, codes) as MethodDecorator;
}

/** 201 with the new row; `Location` is its address. */
export function Created(type: Type<unknown>, description = 'Made. The body is the new row.'): MethodDecorator {
  return ApiCreatedResponse({
    type,
    description,
    headers: { Location: { description: 'The path of the new row.', schema: { type: 'string', format: 'uri-reference' } } },
  });
}

/** 200 with a row or a report. */
export function Answered(type: Type<unknown>, description = 'The row.'): MethodDecorator {
  return ApiOkResponse({ type, description });
}

/** 204 and no body. */
export function Deleted(description = 'Gone.'): MethodDecorator {
  return applyDecorators(HttpCode(204), ApiNoContentResponse({ description }));
}
