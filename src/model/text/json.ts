/**
 * A value of parsed JSON as JSON text. A value that is nested so deeply that the engine cannot write it is `''`: parsing has no such
 * limit, so any sender can send one.
 */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}
