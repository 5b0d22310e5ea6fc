// Counts what one thread's traversals looked at. For measuring trees, where a clock would measure the machine's neighbours.

var<private> visited_nodes: u32;
var<private> tested_triangles: u32;

fn count_node() {
  visited_nodes++;
}

fn count_triangle() {
  tested_triangles++;
}
