import type { FieldError } from '../errors/app-error.js';
import { pointerTo } from './pointer.js';

const PROBLEM = 'must be percent-encoded UTF-8: %25 stands for a percent sign';

/** What of a query, as it stands in the URL, is not properly encoded, each place by its name; the place of a name that is not is the query. */
export function brokenParts(query: string): FieldError[] {
  if (!query.includes('%') || isEncoded(query)) return [];
  const broken = query.split('&').filter((part) => !isEncoded(part));
  const pointers = broken.map((part) => {
    const name = part.replace(/=.*$/s, '');
    return isEncoded(name) ? `/query${pointerTo(decodeURIComponent(name.replaceAll('+', ' ')))}` : '/query';
  });
  return [...new Set(pointers)].map((pointer) => ({ pointer, detail: PROBLEM }));
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
