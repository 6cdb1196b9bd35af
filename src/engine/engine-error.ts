/** Why Analytics Engine gave no answer. */

/**
 * `unavailable`: the same statement may be answered later. `refused`: it will not be, since the token, the dataset or the statement
 * is wrong. `limit`: it would be, if it asked for less.
 */
export type EngineErrorKind = 'unavailable' | 'refused' | 'limit';

/** Its message has neither the token nor the account, so it may be logged. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly kind: EngineErrorKind;
  /** Milliseconds to wait at least before the next attempt, if the platform says so. */
  readonly retryAfter: number;

  constructor(kind: EngineErrorKind, message: string, retryAfter = 0) {
    super(message);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

const KINDS: Readonly<Record<number, EngineErrorKind>> = { 413: 'limit', 429: 'unavailable', 507: 'limit' };
const EXCEEDS = /memory limit|resource limits?|result.{0,20}too (large|big)|maximum page size/i;

/** The error of an answer with this status. */
export function errorOfStatus(status: number, message: string, retryAfter = 0): EngineError {
  const isExcess = status !== 429 && EXCEEDS.test(message);
  const kind =
    KINDS[status] ?? (isExcess ? 'limit' : status >= 500 && status !== 501 ? 'unavailable' : 'refused');
  return new EngineError(kind, `Analytics Engine answered ${status}: ${message.slice(0, 300)}`, retryAfter);
}

/** Whether an answer says that the dataset does not exist, which it does from its first point on. */
export function isUnknownDataset(status: number, message: string, dataset: string): boolean {
  const saysSo =
    /unknown (table|dataset)|(table|dataset)\b.{0,80}(not found|does ?n[o']t exist|unknown)|no such (table|dataset)/i;
  return [400, 404, 422].includes(status) && message.includes(dataset) && saysSo.test(message);
}
