console.log('hearth', process.version, process.argv.slice(2));
