"""What is kept between processes: its folder, and the machine code of kernels."""
