// Stands where count-traversal would count; the compiler leaves nothing of it.

fn count_node() {}

fn count_triangle() {}
