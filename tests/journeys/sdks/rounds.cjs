// Each line of the input names a round of calls.
require('readline').createInterface({ input: process.stdin }).on('line', call)
