// Loaded before the emulator (node --require): ends it when its standard input closes, that is when whoever started it asks it to,
// or dies without a word. Closing goes through the emulator's own SIGTERM handler, so that what it holds in memory is flushed.
'use strict';

const GRACE_MILLISECONDS = 3000;

let closing = false;

function close() {
  if (closing) {
    return;
  }
  closing = true;
  if (!process.emit('SIGTERM')) {
    process.exit(0);
  }
  setTimeout(() => process.exit(0), GRACE_MILLISECONDS).unref();
}

process.stdin.on('end', close);
process.stdin.on('close', close);
process.stdin.on('error', close);
process.stdin.resume();

// An output nobody reads any more is no reason to fail.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
