/**
 * Stands before the Worker and notes how long each statement took the database, as D1 itself says: the longest time of each, and of
 * all in one transaction. `GET /statements` tells them, and forgets them.
 */
import worker from './index.mjs';

export * from './index.mjs';

/** SQL by its first characters, and milliseconds. */
let statements = new Map();
let transaction = 0;
let isListening = false;

function note(sql, milliseconds) {
  const name = sql.replaceAll(/\s+/g, ' ').trim().slice(0, 160);
  statements.set(name, Math.max(statements.get(name) ?? 0, milliseconds));
}

function listen(db) {
  if (isListening) return;
  isListening = true;
  const ofDatabase = Object.getPrototypeOf(db);
  const ofStatement = Object.getPrototypeOf(db.prepare('SELECT 1'));
  const { batch } = ofDatabase;
  ofDatabase.batch = async function (all) {
    const results = await batch.call(this, all);
    let sum = 0;
    for (const [index, { meta }] of results.entries()) {
      note(all[index].statement, meta.duration);
      sum += meta.duration;
    }
    transaction = Math.max(transaction, sum);
    return results;
  };
  for (const method of ['all', 'run']) {
    const original = ofStatement[method];
    ofStatement[method] = async function () {
      const result = await original.call(this);
      note(this.statement, result.meta.duration);
      transaction = Math.max(transaction, result.meta.duration);
      return result;
    };
  }
  // The same as the runtime's own, which does not tell the time.
  ofStatement.first = async function (column) {
    const [row] = (await this.all()).results;
    if (row === undefined) return null;
    return column === undefined ? row : row[column];
  };
}

function tell() {
  const longest = [...statements].toSorted(([, a], [, b]) => b - a).slice(0, 8);
  const answer = Response.json({ transaction, statements: longest });
  statements = new Map();
  transaction = 0;
  return answer;
}

export default {
  fetch(request, env, ctx) {
    listen(env.DB);
    return request.url.endsWith('/statements') ? tell() : worker.fetch(request, env, ctx);
  },
  scheduled: (controller, env, ctx) => worker.scheduled(controller, env, ctx),
  queue: (batch, env, ctx) => worker.queue(batch, env, ctx),
};
