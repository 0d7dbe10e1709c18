"""An Eastron SDM meter made of pymodbus: an implementation of Modbus that shares nothing with ours.

    pymodbus-meter.py tcp PORT | rtu PATH

Each line of standard input, "WATTS KWH", is what the meter shows from then on. Prints "ready" when it is set up.
"""
import struct
import sys
import threading

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartSerialServer, StartTcpServer
from pymodbus.transaction import ModbusRtuFramer

block = ModbusSequentialDataBlock(0, [0] * 0x200)
slave = ModbusSlaveContext(ir=block, zero_mode=True)
context = ModbusServerContext(slaves={1: slave}, single=False)


def show(address, value):
    slave.setValues(4, address, list(struct.unpack(">HH", struct.pack(">f", value))))


def listen():
    for line in sys.stdin:
        watts, kwh = (float(word) for word in line.split())
        show(0x0C, watts)
        show(0x34, watts)
        show(0x48, kwh)
        print("shown", flush=True)


threading.Thread(target=listen, daemon=True).start()
if sys.argv[1] == "tcp":
    print("ready", flush=True)
    StartTcpServer(context=context, address=("127.0.0.1", int(sys.argv[2])))
else:
    print("ready", flush=True)
    StartSerialServer(context=context, framer=ModbusRtuFramer, port=sys.argv[2], baudrate=9600, timeout=0.02)
