console.log('tag');
