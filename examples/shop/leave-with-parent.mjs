// Loaded before the shop: however the process that started it ends, the shop does not stay behind on its port.
process.once('disconnect', () => process.exit(0));
process.channel?.unref();
